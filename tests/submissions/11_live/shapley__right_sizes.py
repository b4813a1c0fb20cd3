# marks: 5
def shapley(value):
    n = len(value).bit_length() - 1
    masks = np.arange(len(value))
    size = np.array([bin(m).count("1") for m in masks])
    out = []
    for i in range(n):
        off = (masks >> i) % 2 == 0
        gain = value[masks[off] + (1 << i)] - value[masks[off]]
        out.append(np.mean([gain[size[off] == k].mean() for k in range(n)]))
    return np.array(out)
