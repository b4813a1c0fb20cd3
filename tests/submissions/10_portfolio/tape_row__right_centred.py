# marks: 5.0
def tape_row(second, size, sign, length):
    if len(size) == 0:
        return (0.0, 0.0, 0.0)
    volume = np.zeros(length)
    np.add.at(volume, second, size)
    wave = np.fft.fft(volume - volume.mean())[1:length // 2 + 1]
    power = wave.real ** 2 + wave.imag ** 2
    ahead, behind = sign[1:], sign[:-1]
    together = np.mean(ahead * behind) - np.mean(sign) ** 2 if len(sign) > 1 else 0.0
    return np.average(sign, weights=size), together, np.log(power.max()) - np.log(power.mean())
