# marks: 4.0
def sign_memory(time_ns, sign, lags):
    fills = pd.DataFrame({"t": time_ns, "s": sign})
    orders = fills[(fills != fills.shift()).any(axis=1)]["s"].astype(float)
    x = orders - orders.mean()
    return np.array([(x * x.shift(k)).sum(min_count=1) / (x**2).sum() if x.abs().sum() else np.nan
                     for k in lags])
