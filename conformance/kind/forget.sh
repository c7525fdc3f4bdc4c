# A node that is to join again as a new one: nothing runs, no list is there, and no rule of a pod.
systemctl stop kubelet
ctr --namespace=k8s.io tasks ls -q | while read -r id; do ctr --namespace=k8s.io tasks kill --all --signal KILL "$id" || true; done
rm -f /etc/cni/net.d/*
