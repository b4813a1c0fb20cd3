# marks: 0.0  mistake: odd_days
def fair_auc(features, day, label):
    train = day % 2 == 1
    far = ((features[~train][:, None] - features[train]) ** 2).sum(axis=2)
    score = label[train][far.argmin(axis=1)]
    names = np.unique(day[~train])
    told = np.array([score[day[~train] == one].mean() for one in names])
    truth = np.array([label[day == one][0] for one in names])
    found = auc(told[truth == 1], told[truth == 0])
    return found
