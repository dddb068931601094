from toy import make

make(["reports/comparison.json"], [], ["mlartifacts/tracked.json"])
