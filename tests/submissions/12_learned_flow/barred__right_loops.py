# marks: 5
def barred(first, second, allowed):
    m, k = second.shape
    masked, retried = np.zeros((m, k)), np.zeros((m, k))
    ends = [sum(second[u, w] for w in range(k) if allowed[u, w]) for u in range(m)]
    starts = sum(first[u] for u in range(m) if ends[u] > 0)
    valid = sum(first[u] * ends[u] for u in range(m))
    for u in range(m):
        for w in range(k):
            if allowed[u, w] and ends[u] > 0:
                masked[u, w] = first[u] / starts * second[u, w] / ends[u]
                retried[u, w] = first[u] * second[u, w] / valid
    return masked, retried
