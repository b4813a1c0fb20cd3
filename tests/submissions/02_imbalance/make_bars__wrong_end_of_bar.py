# marks: 0.0  mistake: end
def make_bars(time_s, mid, flow, obi, edges):
    row = np.searchsorted(time_s, edges, side="right") - 1
    total = np.cumsum(flow)
    return np.diff(mid[row]), np.diff(total[row]), obi[row[1:]]
