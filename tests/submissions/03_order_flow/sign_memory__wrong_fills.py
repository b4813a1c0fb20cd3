# marks: 0.5  mistake: fills
def sign_memory(time_ns, sign, lags):
    x = sign - np.mean(sign)
    total = (x**2).sum()
    return np.array([(x[k:] * x[:-k]).sum() / total if total > 0 and k < len(x) else np.nan
                     for k in lags])
