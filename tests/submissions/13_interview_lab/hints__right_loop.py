# marks: 5
def hints(potential, last, ended, final, discount):
    rows, worlds = potential.shape
    out = np.zeros((rows, worlds))
    for k in range(rows):
        for n in range(worlds):
            if ended[k, n] == 1:
                after = 0.0
            elif ended[k, n] == 2:
                after = final[k, n]
            else:
                after = potential[k + 1, n] if k + 1 < rows else last[n]
            out[k, n] = discount * after - potential[k, n]
    return out
