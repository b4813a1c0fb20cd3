# marks: 3.5
def sign_memory(time_ns, sign, lags):
    new = np.append(True, (np.diff(time_ns) != 0) | (np.diff(sign) != 0))
    x = sign[new] - sign[new].mean()
    total = x @ x
    if total == 0:
        return np.zeros(len(lags))
    return np.array([x[k:] @ x[:-k] / total if k < len(x) else np.nan for k in lags])
