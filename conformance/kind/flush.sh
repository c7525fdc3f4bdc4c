# Rules of host ports whose pods are gone without DEL, by both backends of portmap.
for family in iptables ip6tables; do
  $family -t nat -F CNI-HOSTPORT-DNAT 2> /dev/null || continue
  chains=$($family-save -t nat | sed -n 's/^:\(CNI-DN-[^ ]*\) .*/\1/p')
  for chain in $chains; do $family -t nat -F "$chain"; done
  for chain in $chains; do $family -t nat -X "$chain"; done
done
nft delete table ip cni_hostport 2> /dev/null || true
nft delete table ip6 cni_hostport 2> /dev/null || true
