# marks: 5
def hints(potential, last, ended, final, discount):
    following = np.concatenate([potential, last[None]])[1:]
    after = np.select([ended == 1, ended == 2], [np.zeros_like(following), final], following)
    return -potential + discount * after
