# marks: 0.0  mistake: windows
def fair_auc(features, day, label):
    train = day % 2 == 0
    far = ((features[~train][:, None] - features[train]) ** 2).sum(axis=2)
    score = label[train][far.argmin(axis=1)]
    told, truth = score, label[~train]
    found = auc(told[truth == 1], told[truth == 0])
    return found
