import sys

from toy import make

make(["data/table/encoded.npz"], ["tuning.trials"], [f"reports/records/tuning/{sys.argv[1]}.json"])
