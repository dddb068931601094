from toy import make

make(["reports/comparison.json", "reports/curves.csv"], [], ["reports/pages/index.html", "reports/report.md"])
