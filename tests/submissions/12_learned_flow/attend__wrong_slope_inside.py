# marks: 1  mistake: slope_inside
def attend(query, key, value, window, slope):
    query, key, value = (torch.tensor(x, dtype=torch.float32) for x in (query, key, value))
    back = torch.arange(len(query)).unsqueeze(1) - torch.arange(len(query))
    scores = (query @ key.T - slope * back) / query.shape[1] ** 0.5
    scores[(back < 0) | (back >= window)] = -math.inf
    return (scores.softmax(dim=1) @ value).numpy()
