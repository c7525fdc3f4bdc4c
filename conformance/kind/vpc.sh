# The VPC: vSwitches of nodes (eth0) and of ENIs (eth1), which it routes between; a client in a network that is routed
# to it, and one on the internet, which knows a node by its elastic address. ENIs have no way to the internet.
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.conf.eth1.rp_filter=0
sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0 net.ipv4.conf.eth1.send_redirects=0
sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.forwarding=1
for gateway in $GATEWAYS; do
  case $gateway in
    *:*) [ -z "$DUAL" ] || ip -6 addr add "$gateway/128" dev eth1 nodad ;;
    *) ip addr add "$gateway/32" dev eth1 ;;
  esac
done
for route in $ROUTES; do ip route replace "${route%,*}" via "${route#*,}"; done

# client NAME ADDRESS ROUTER: a network namespace behind the router.
client() {
  ip netns add "$1"
  ip link add "$1" type veth peer name eth0 netns "$1"
  ip addr add "$3/24" dev "$1"
  ip link set "$1" up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" addr add "$2/24" dev eth0
  ip -n "$1" route add default via "$3"
  ip netns exec "$1" sysctl -qw net.ipv4.icmp_ratelimit=0
}
client external "$EXTERNAL" "${EXTERNAL%.*}.253"
client public "$PUBLIC" "${PUBLIC%.*}.253"
if [ -n "$DUAL" ]; then
  router6=${EXTERNAL6%::*}::fd
  ip -6 addr add "$router6/64" dev external nodad
  ip -n external -6 addr add "$EXTERNAL6/64" dev eth0 nodad
  ip -n external -6 route add default via "$router6"
fi
nft -f - << END
table ip vpc {
  chain prerouting { type nat hook prerouting priority dstnat; iifname "public" ip daddr $ELASTIC dnat to $NODE; }
  chain forward { type filter hook forward priority filter; iifname "eth1" oifname "public" drop; }
}
END
