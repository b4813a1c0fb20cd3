# marks: 0.0  mistake: best_window
def fair_auc(features, day, label):
    train = day % 2 == 0
    far = ((features[~train][:, None] - features[train]) ** 2).sum(axis=2)
    score = label[train][far.argmin(axis=1)]
    names = np.unique(day[~train])
    told = np.array([score[day[~train] == one].max() for one in names])
    truth = np.array([label[day == one][0] for one in names])
    found = auc(told[truth == 1], told[truth == 0])
    return found
