# marks: 8.0
def allowed(wish, left, must, ahead, cap, volume, filled, side, price, net, most_net):
    need = np.zeros(len(wish))
    late = ahead <= 2
    need[late] = np.ceil(must[late] / (ahead[late] + 1.0))
    sent = np.maximum(need, np.minimum(np.maximum(wish, 0), left))
    capped = cap < 1
    room = (cap[capped] * volume[capped] - filled[capped]) / (1 - cap[capped])
    sent[capped] = np.minimum(sent[capped], np.floor(np.maximum(room, 0)))
    for mine, most in ((side == -1, most_net + net), (side == 1, most_net - net)):
        part = most / max((price * sent)[mine].sum(), 1e-9)
        if part < 1:
            sent[mine] = np.floor(sent[mine] * part)
    return sent
