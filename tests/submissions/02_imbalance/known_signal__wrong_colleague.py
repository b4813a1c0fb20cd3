# marks: 0.0  mistake: colleague
def known_signal(flow):
    if flow.std() == 0:
        return np.full(len(flow), np.nan)
    return (flow - flow.mean()) / flow.std()
