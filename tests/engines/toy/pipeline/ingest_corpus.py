from toy import make

make(["raw/corpus.txt"], ["data.corpus.minimum_count"], ["data/corpus/tokens.npy", "data/corpus/vocabulary.csv"])
