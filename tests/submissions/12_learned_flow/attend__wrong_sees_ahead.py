# marks: 0  mistake: sees_ahead
def attend(query, key, value, window, slope):
    query, key, value = (torch.as_tensor(x, dtype=torch.float32) for x in (query, key, value))
    place = torch.arange(len(query))
    back = place[:, None] - place[None, :]
    scores = query @ key.T / math.sqrt(query.shape[1]) - slope * back
    hidden = back >= window
    weights = torch.softmax(scores.masked_fill(hidden, -math.inf), dim=1)
    return (weights @ value).numpy()
