# marks: 1.0  mistake: overwritten
def tape_row(second, size, sign, length):
    if not len(size):
        return 0.0, 0.0, 0.0
    flow = (sign * size).sum() / size.sum()
    persistence = (sign[1:] * sign[:-1]).mean() - sign.mean() ** 2 if len(sign) > 1 else 0.0
    volume = np.zeros(length)
    volume[second] = size
    power = np.abs(np.fft.rfft(volume)[1:]) ** 2
    return float(flow), float(persistence), float(np.log(power.max() / power.mean()))
