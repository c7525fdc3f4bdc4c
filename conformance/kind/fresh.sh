# What symmetric routing made on a node, which Terway never removes: a node of a new world has none of it.
for family in iptables ip6tables; do
  $family-save -t mangle 2> /dev/null | sed -n '/terway-symmetric/s/^-A/-D/p' | while read -r rule; do
    echo "*mangle
$rule
COMMIT" | $family-restore --noflush
  done
done
nft delete table ip terway_symmetric 2> /dev/null || true
nft delete table ip6 terway_symmetric_ipv6 2> /dev/null || true
for v in 4 6; do
  ip -$v rule show 2> /dev/null | sed -n 's/^\([0-9]*\):.*fwmark.* lookup \([^ ]*\).*/\1 \2/p' | while read -r priority table; do
    ip -$v rule del priority "$priority"
    ip -$v route flush table "$table" 2> /dev/null || true
  done
done
# Rules of a datapath whose pods are gone without DEL.
nft delete table netdev datapath 2> /dev/null || true
