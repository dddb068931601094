from toy import make

make(["reports/comparison.json"], [], ["reports/tracked.json"])
