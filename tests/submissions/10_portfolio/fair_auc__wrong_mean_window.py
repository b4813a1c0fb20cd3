# marks: 0.0  mistake: mean_window
def fair_auc(features, day, label):
    days = np.unique(day)
    mean = np.array([features[day == one].mean(axis=0) for one in days])
    kind = np.array([label[day == one][0] for one in days])
    train = days % 2 == 0
    far = ((mean[~train][:, None] - mean[train]) ** 2).sum(axis=2)
    score, truth = kind[train][far.argmin(axis=1)], kind[~train]
    return auc(score[truth == 1], score[truth == 0])
