# marks: 1  mistake: no_root
def attend(query, key, value, window, slope):
    query, key, value = (torch.as_tensor(x, dtype=torch.float32) for x in (query, key, value))
    place = torch.arange(len(query))
    back = place[:, None] - place[None, :]
    scores = query @ key.T - slope * back
    hidden = (back < 0) | (back >= window)
    weights = torch.softmax(scores.masked_fill(hidden, -math.inf), dim=1)
    return (weights @ value).numpy()
