# marks: 4.0
def known_signal(flow):
    known = pd.Series(flow).expanding(2)
    spread = known.std(ddof=0)
    z = (pd.Series(flow) - known.mean()) / spread.where(spread > 0)
    return z.shift(1).to_numpy()
