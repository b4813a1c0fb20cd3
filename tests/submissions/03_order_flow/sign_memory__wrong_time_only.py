# marks: 2.0  mistake: time_only
def sign_memory(time_ns, sign, lags):
    x = sign[np.append(True, np.diff(time_ns) != 0)].astype(float)
    x = x - x.mean()
    total = x @ x
    return np.array([x[k:] @ x[:-k] / total if k < len(x) and total > 0 else np.nan for k in lags])
