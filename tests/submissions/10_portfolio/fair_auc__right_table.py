# marks: 5.0
def fair_auc(features, day, label):
    test = day % 2 == 1
    far = np.linalg.norm(features[test][:, None, :] - features[~test][None, :, :], axis=2)
    told = pd.DataFrame({"day": day[test], "label": label[test],
                         "score": label[~test][np.argmin(far, axis=1)]})
    days = told.groupby("day").mean()
    return auc(days.loc[days["label"] == 1, "score"], days.loc[days["label"] == 0, "score"])
