from bakeoff.tuning.one_objective import OneObjective
from bakeoff.tuning.trained import Trained
from bakeoff.tuning.trial import Trial
from bakeoff.tuning.trial_table import trial_table

RATE, KIND, SLOPE = "optimizer.learning_rate", "network.activation", "network.hidden"


def test_a_row_has_the_point_and_what_came_of_it() -> None:
    trials = [
        Trial(1, 1, {RATE: 0.1 + 0.2, KIND: "relu"}, Trained({"val/accuracy": 0.5, "val/loss": 1 / 3}, None)),
        Trial(2, 4, {RATE: 1e-7, KIND: "gelu, or so", SLOPE: [3, 4]}, Trained({}, 12)),
        Trial(3, 5, {RATE: 1.0}, Trained({"val/accuracy": 0.0}, None)),
    ]
    assert trial_table(trials, [RATE, KIND, SLOPE], OneObjective("accuracy")) == (
        "number,spent,optimizer.learning_rate,network.activation,network.hidden,accuracy,diverged\n"
        "1,1,0.30000000000000004,relu,,0.5,\n"
        '2,4,1e-07,"gelu, or so","[3, 4]",,12\n'
        "3,5,1.0,,,0.0,\n"
    )
