import time, sys, json
import numpy as np
from pathlib import Path
from lobsim.market import Market
from lobsim.market.lobster_day import LOBM
from lobsim.orderflow_ai import *
from lobsim.orderflow_ai.message_model_data import *
from lobsim.orderflow_ai.message_model_training import *
import torch; torch.set_num_threads(1)
P=lambda *a: print(*a,flush=True)
T=Tokenizer(largest_size=2000)
enc=[]; recs=[]
for seed in range(1,7):
    m=Market(LOBM,seed,36000,36000+1200,record=True); m.advance(37200); r=m.record(); recs.append(r)
    t=time.process_time(); enc.append(T.encode(r.messages,r.initial)); P("encode",len(r.messages),round(time.process_time()-t,3))
t=time.process_time(); d=T.decode(enc[0]); P("decode",len(d),round(time.process_time()-t,3))
t=time.process_time(); o=T.make_up(np.random.default_rng(0).normal(size=949),np.random.default_rng(1).random(200_000),band=(9000,10000)); P("random tokens/s",200000/(time.process_time()-t), o[2])
S=[stream_of(e) for e in enc]
learn,val,judge=split_days(S,2)
shape=ModelShape()
sec=float(sys.argv[1])
t=time.process_time(); w=time.time(); model,log=train_model(learn,val,shape,Budget(minutes=sec/60,every=40),seed=1); P("train cpu",time.process_time()-t,"wall",time.time()-w,"steps",log[-1]["steps"])
for l in log: P({k:round(v,4) for k,v in l.items()})
for row in compare_models(model,learn,judge): P({k:(round(v,3) if isinstance(v,float) else v) for k,v in row.items() if k!="bits"}, {k:round(v,2) for k,v in row["bits"].items()})
save_model(model,Path("/tmp/wO/model"),{})
P("bytes",sum(f.stat().st_size for f in Path("/tmp/wO/model").iterdir()))
say_messages(model,recs[5].initial,1,start_s=36000,until_s=36001,tokenizer=T)
t=time.process_time(); s=say_messages(model,recs[5].initial,1,start_s=36000,until_s=36000+120,tokenizer=T,most=5000); c=time.process_time()-t
P("said",len(s.messages),"tokens/s",s.tokens/c,"messages/s",len(s.messages)/c,"market s",(s.messages["time_ns"][-1]*1e-9-36000), s.refused)
m=LearnedMarket(model,recs[5].initial,1,36000,36120,tokenizer=T,record=True)
t=time.process_time(); m.advance(36030); c=time.process_time()-t; n=len(m.record().messages); P("market messages",n,"per s",n/c, "mid",m.mid,"spread",m.spread_ticks)
