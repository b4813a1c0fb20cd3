# marks: 6
def attend(query, key, value, window, slope):
    query, key, value = (torch.as_tensor(x, dtype=torch.float32) for x in (query, key, value))
    found = []
    for i in range(len(query)):
        first = max(0, i - window + 1)
        scores = key[first:i + 1] @ query[i] / query.shape[1] ** 0.5
        scores = scores - slope * torch.arange(i - first, -1, -1)
        found.append(torch.softmax(scores, 0) @ value[first:i + 1])
    return torch.stack(found).numpy()
