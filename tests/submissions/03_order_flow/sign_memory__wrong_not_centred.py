# marks: 0.0  mistake: not_centred
def sign_memory(time_ns, sign, lags):
    new = np.ones(len(sign), bool)
    new[1:] = (np.diff(time_ns) != 0) | (np.diff(sign) != 0)
    x = sign[new]
    return np.array([(x[k:] * x[:-k]).sum() / len(x) if k < len(x) else np.nan for k in lags])
