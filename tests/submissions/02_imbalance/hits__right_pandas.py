# marks: 4.0
def hits(mid, obi):
    step = pd.Series(mid).diff().shift(-1)
    following = np.sign(step.where(step != 0)).bfill()
    product = np.sign(pd.Series(obi)) * following
    product = product[product.notna() & (product != 0)]
    last = product[step[product.index] != 0]
    return float((product > 0).mean()), float((last > 0).mean())
