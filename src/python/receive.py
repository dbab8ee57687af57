import os,sys
s=os.dup(0)
if sys.version_info<(3,):
 import fcntl
 fcntl.fcntl(s,fcntl.F_SETFD,1)
n=os.open(os.devnull,os.O_RDWR)
os.dup2(n,0)
os.close(n)
d=b""
while b"\n" not in d:
    c=os.read(s,65536)
    if not c:os._exit(0)
    d+=c
h,d=d.split(b"\n",1)
n=list(map(int,h.split()))
while len(d)<sum(n):
    c=os.read(s,65536)
    if not c:os._exit(0)
    d+=c
if sys.path[:1]==[""]:del sys.path[0]
t=[d[sum(n[:i]):sum(n[:i+1])]for i in range(len(n))]
g={"__name__":"prof"}
eval(compile(t[0],"<prof>","exec",0,True),g)
