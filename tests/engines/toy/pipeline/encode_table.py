from toy import make

make(["data/table/table.parquet"], ["data.encoding.scaling"], ["data/table/encoded.npz"])
