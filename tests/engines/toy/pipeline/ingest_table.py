from toy import make

make(["raw/table.csv"], [], ["data/table/table.parquet"])
