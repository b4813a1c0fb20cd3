# marks: 5.0
def td_targets(reward, terminated, target_next, online_next, gamma, double):
    targets = []
    for b in range(len(reward)):
        if terminated[b]:
            targets.append(reward[b])
        elif double:
            targets.append(reward[b] + gamma * target_next[b][np.argmax(online_next[b])])
        else:
            targets.append(reward[b] + gamma * max(target_next[b]))
    return np.array(targets)
