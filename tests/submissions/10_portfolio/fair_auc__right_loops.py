# marks: 5.0
def fair_auc(features, day, label):
    known = [k for k in range(len(day)) if day[k] % 2 == 0]
    scores = {0: [], 1: []}
    for one in sorted(set(day.tolist())):
        if one % 2 == 0:
            continue
        mine = np.flatnonzero(day == one)
        told = []
        for k in mine:
            far = [np.sum((features[k] - features[j]) ** 2) for j in known]
            told.append(label[known[int(np.argmin(far))]])
        scores[int(label[mine[0]])].append(np.mean(told))
    return auc(scores[1], scores[0])
