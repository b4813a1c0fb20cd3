# marks: 0.0  mistake: left
def make_bars(time_s, mid, flow, obi, edges):
    row = np.maximum(np.searchsorted(time_s, edges, side="left") - 1, 0)
    total = np.cumsum(flow)
    return np.diff(mid[row]), np.diff(total[row]), obi[row[:-1]]
