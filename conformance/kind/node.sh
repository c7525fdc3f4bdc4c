# A node of a VPC: the router is its way out, ICMP errors come at once, and the ENI (eth1) takes what the router sends.
ip route replace default via "$ROUTER" dev eth0
[ -z "$ROUTER6" ] || ip -6 route replace default via "$ROUTER6" dev eth0
sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0
sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.eth0.accept_redirects=0
sysctl -qw net.ipv6.icmp.ratelimit=0 net.ipv6.conf.all.forwarding=1 || true
