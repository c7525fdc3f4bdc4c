# Removes the host ports of containers that are gone. On a node that is cordoned, as root:
#   crictl pods -q --no-trunc | sh orphans.sh
# A pod that is just starting is not in that list yet, and would lose its ports.
set -eu
live=$(cat)
[ -n "$live" ] || { echo "no sandbox is named, so nothing is removed" >&2; exit 1; }
gone() { ! printf '%s\n' "$live" | grep -qxF -e "$1"; }
for tool in iptables ip6tables; do
  command -v $tool >/dev/null || continue
  rules=$($tool-save -t nat | grep '^-A CNI-HOSTPORT-DNAT ' || true)
  printf '%s\n' "$rules" | sed -n 's/.* id: \\"\([^"\\]*\)\\"" .* -j \(CNI-DN-[0-9a-f]*\)$/\1 \2/p' | sort -u |
    while read -r id chain; do
      gone "$id" || continue
      {
        echo '*nat'
        printf '%s\n' "$rules" | sed -n "s/^-A\( .* -j $chain\)\$/-D\1/p"
        printf -- '-F %s\n-X %s\nCOMMIT\n' "$chain" "$chain"
      } | $tool-restore --noflush
      echo "removed $tool chain $chain of $id"
    done
done
for family in ip ip6; do
  command -v nft >/dev/null || break
  nft -a list table $family cni_hostport 2>/dev/null |
    awk '$1 == "chain" { chain = $2 } NF > 4 && $(NF-4) == "comment" { gsub(/"/, ""); print chain, $(NF-3), $NF }' |
    while read -r chain id handle; do
      gone "$id" || continue
      nft delete rule $family cni_hostport "$chain" handle "$handle"
      echo "removed nft $family rule $handle of $id"
    done
done
