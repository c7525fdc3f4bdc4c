// SPDX-License-Identifier: Apache-2.0

package differential

// What chains are made of: the keys of pkg/cni's tables, with values that are right, wrong and on the edge.

const (
	plainConf    = `{"cniVersion":"0.4.0","name":"terway","type":"terway","capabilities":{"bandwidth":true}}`
	plainENIConf = `{"version":"1"}`
	datapathV2   = `{"type":"terway","capabilities":{"bandwidth":true},"eniip_virtual_type":"datapathv2"}`
)

var keysOf = map[string][]string{
	"portmap":    {"snat", "conditionsV4", "conditionsV6", "markMasqBit", "externalSetMarkChain", "masqAll", "backend", "capabilities"},
	"tuning":     {"sysctl", "mac", "mtu", "promisc", "allmulti", "dataDir", "txQLen"},
	"bandwidth":  {"ingressRate", "ingressBurst", "egressRate", "egressBurst", "shapedSubnets", "unshapedSubnets", "capabilities"},
	"firewall":   {"backend", "iptablesAdminChainName", "firewalldZone", "ingressPolicy"},
	"sbr":        {"table"},
	"vrf":        {"vrfname", "table"},
	"host-local": {"ipam"},
	"static":     {"ipam"},
	"dhcp":       {"ipam"},
	"tap":        {"ipam"},
	"bridge":     {"ipam"},
	"loopback":   {"ipam"},
	"terway":     terwayKeys,
}

var commonKeys = []string{"capabilities", "ipam", "dns", "prevResult", "prevresult", "runtimeConfig", "args", "name", "Name", "cniVersion", "cniversion", "cni.dev/valid-attachments"}

var terwayKeys = []string{"eniip_virtual_type", "network_policy_provider", "host_stack_cidrs", "mtu", "debug", "symmetric_routing", "symmetric_routing_config", "bandwidth_mode", "disable_host_peer", "veth_prefix", "vlan_strip_type"}

var anyValues = []string{"{}", "[]", `""`, `"x"`, "true", "false", "0", "1", "-1", "1.5", "null", `["a"]`, `[1]`, `{"a":1}`, `{"a":"b"}`, "18446744073709551615", "1e3"}

var wholeNumbers = []string{"null", "0", "1", "-1", "13", "31", "32", "13.0", "1e1", "1.5", "255", "4294967295", "4294967296", "2147483648", "9223372036854775807", "9223372036854775808"}

var valuesOf = map[string][]string{
	"snat":                 {"true", "false", "null", `"true"`},
	"masqAll":              {"true", "false", "null", "1"},
	"conditionsV4":         {`["-s","192.0.2.1"]`, `["!","-s","192.0.2.1"]`, `["ip","saddr","192.0.2.1"]`, `[""]`, `[]`, "null", `["","-s","192.0.2.1"]`, `["-s 192.0.2.1"]`, `["--nosuch"]`, `[" -s","192.0.2.1"]`, `[null]`, `["-m","comment","--comment","x"]`},
	"conditionsV6":         {`["-s","fd00::1"]`, `["ip6","saddr","fd00::1"]`, `["!","-s","fd00::1"]`, `["--nosuch"]`, `[""]`, "null"},
	"markMasqBit":          wholeNumbers,
	"externalSetMarkChain": {`"KUBE-MARK-MASQ"`, `"KUBE-MARK-MASQ"`, `"KUBE-MARK-DROP"`, `""`, "null", `"A CHAIN"`, `"A-CHAIN-WITH-A-NAME-OF-MORE-THAN-28"`},
	"backend":              {`"iptables"`, `"nftables"`, `"IPTables"`, `""`, "null", `"ipvs"`},
	"capabilities":         {`{"portMappings":true}`, `{"portMappings":false}`, `{"bandwidth":true}`, `{"portMappings":true,"bandwidth":true}`, "{}", "null", `{"portMappings":"true"}`, `{"portMappings":null}`, `["portMappings"]`, `{"PortMappings":true}`},

	"sysctl":   {`{"net.core.somaxconn":"1024"}`, `{"net.core.somaxconn":1024}`, "{}", "null", `["net.core.somaxconn=1"]`, `{"net.core.somaxconn":null}`},
	"mac":      {`"02:00:00:00:00:01"`, `"02-00-00-00-00-01"`, `""`, "null", `"bad"`, `"01:00:5e:00:00:01"`, `"ff:ff:ff:ff:ff:ff"`, `"00:00:00:00:00:00"`, `"02:00:00:00:00"`, `" 02:00:00:00:00:01"`, `"0200.0000.0001"`},
	"mtu":      {"1400", "0", "null", "-1", "67", "68", "1279", "9000", "65535", "65536", "14e2", "4294967295", "4294968796", `"1400"`},
	"promisc":  {"true", "false", "null", `"true"`},
	"allmulti": {"true", "false", "null", "0"},
	"dataDir":  {`"/run/x"`, `"/proc/x"`, `""`, "null", "5"},
	"txQLen":   {"1000", "0", "null", "-1", "4294967296", `"1000"`},

	"ingressRate":     {"1000", "0", "null", "-1", "1e6", "18446744073709551615"},
	"ingressBurst":    {"1000", "0", "null", "34359738359", "34359738360"},
	"egressRate":      {"1000", "0", "null", "1.5"},
	"egressBurst":     {"1000", "0", "null", `"1000"`},
	"shapedSubnets":   {`["10.0.0.0/8"]`, `"10.0.0.0/8"`, "null"},
	"unshapedSubnets": {`["10.0.0.0/8"]`, `[1]`, "[]"},

	"iptablesAdminChainName": {`"MY-ADMIN"`, `""`, "null", `"bad name"`, `"A-VERY-LONG-CHAIN-NAME-OVER-28-CHARS"`, `"-x"`, `"FORWARD"`, `"CNI-FORWARD"`, `"ACCEPT"`, `"INPUT"`, `"PREROUTING"`, `"CNI-ADMIN"`, `"!x"`},
	"firewalldZone":          {`"trusted"`, `""`, "null"},
	"ingressPolicy":          {`"open"`, `"same-bridge"`, `"isolated"`, `""`, "null", `"Open"`, `"closed"`},
	"table":                  wholeNumbers,
	"vrfname":                {`""`, "null", `"sixteen-chars-xx"`, "5"},

	"ipam":       {"{}", "null", `{"type":"host-local","subnet":"10.9.0.0/24"}`, `{"subnet":"10.9.0.0/24"}`, `{"type":"static","addresses":[{"address":"10.9.0.5/24"}]}`, `{"type":5}`, "[]", `"host-local"`, `{"type":"nosuch"}`},
	"dns":        {"{}", "null", `{"nameservers":["10.0.0.1"]}`, `{"nameservers":"10.0.0.1"}`, `{"domain":5}`, `{"search":[1]}`, "[]", `"x"`},
	"prevResult": {"{}", "null", `{"cniVersion":"0.4.0"}`, `"x"`, "[]", `{"cniVersion":"9.9.9"}`},
	"prevresult": {"null", `{"cniVersion":"0.4.0"}`, `"x"`, `{"cniVersion":"9.9.9"}`, `{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.0.1.5/24"}]}`},
	"runtimeConfig": {
		"{}", "null", "[]", `{"portMappings":[{"hostPort":90,"containerPort":90,"protocol":"tcp"}]}`, `{"portMappings":[{"hostPort":0,"containerPort":90,"protocol":"tcp"}]}`,
		`{"portMappings":{}}`, `{"portMappings":[null]}`, `{"portMappings":null}`, `{"mac":"bad"}`, `{"mac":5}`, `{"bandwidth":{"ingressRate":1000,"ingressBurst":1000}}`, `{"bandwidth":{"ingressRate":1000}}`, `{"bandwidth":[]}`,
	},
	"args": {
		"{}", "null", "[]", `{"cni":null}`, `{"cni":[]}`, `{"cni":{"sysctl":{"net.core.somaxconn":"1"}}}`, `{"cni":{"sysctl":{}}}`, `{"cni":{"sysctl":{"kernel.x":"1"}}}`,
		`{"cni":{"mac":"bad"}}`, `{"cni":{"mtu":"1"}}`, `{"cni":{"mtu":1400,"promisc":true}}`, `{"x":1}`,
	},
	"name":                      {`"x"`, "5", `"a b"`, "null"},
	"Name":                      {`"x"`, "5", `"a b"`},
	"cniVersion":                {`"0.4.0"`, `"9.9.9"`, "5", "null"},
	"cniversion":                {`"0.4.0"`, `"9.9.9"`, "5", "null", `"1.1.0"`},
	"cni.dev/valid-attachments": {"5", "[]", "null", `[{"containerID":"x","ifname":"y"}]`, `[{"containerID":5}]`},

	"eniip_virtual_type":       {`"veth"`, `""`, `"VETH"`, `"nosuch"`, "5", "null", `"datapathv2"`},
	"network_policy_provider":  {`"iptables"`, "5", "null", `"nosuch"`},
	"host_stack_cidrs":         {`["169.254.20.10/32"]`, `["169.254.20.10"]`, `"169.254.20.10/32"`, "[]", "null", "[5]"},
	"debug":                    {"true", "false", `"true"`, "null"},
	"symmetric_routing":        {"false", "null", `"true"`},
	"symmetric_routing_config": {"{}", "null", "[]", `{"mark":32}`, `{"mark":"0x20"}`, `{"mark":32.5}`, `{"interface":5}`},
	"bandwidth_mode":           {`"edt"`, "5", "null"},
	"disable_host_peer":        {"true", `"x"`},
	"veth_prefix":              {`"cali"`, "5"},
	"vlan_strip_type":          {`"filter"`, "true"},
}

// entries of all reference plugins, and of none. The first ones work.
const workingEntries = 9

var entries = []string{
	`{"type":"portmap","capabilities":{"portMappings":true}}`,
	`{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true}`,
	`{"type":"portmap","capabilities":{"portMappings":true},"backend":"nftables"}`,
	`{"type":"portmap","capabilities":{"portMappings":true},"externalSetMarkChain":"KUBE-MARK-MASQ"}`,
	`{"type":"portmap"}`,
	`{"type":"tuning","sysctl":{"net.core.somaxconn":"1024"}}`,
	`{"type":"tuning","mtu":1400,"promisc":true}`,
	`{"type":"firewall"}`,
	`{"type":"bandwidth"}`,
	`{"type":"bandwidth","capabilities":{"bandwidth":true}}`,
	`{"type":"bandwidth","ingressRate":1000,"ingressBurst":1000}`,
	`{"type":"firewall","ingressPolicy":"same-bridge"}`,
	`{"type":"sbr"}`,
	`{"type":"vrf"}`,
	`{"type":"loopback"}`,
	`{"type":"bridge"}`,
	`{"type":"bridge","ipam":{"type":"host-local","subnet":"10.9.0.0/24"}}`,
	`{"type":"ptp","ipam":{"type":"host-local","subnet":"10.9.0.0/24"}}`,
	`{"type":"macvlan"}`,
	`{"type":"ipvlan"}`,
	`{"type":"vlan","master":"eth0","vlanId":5}`,
	`{"type":"host-device","device":"wire"}`,
	`{"type":"dummy","ipam":{"type":"host-local","subnet":"10.9.0.0/24"}}`,
	`{"type":"tap"}`,
	`{"type":"tap","ipam":{"type":"host-local","subnet":"10.9.0.0/24"}}`,
	`{"type":"host-local"}`,
	`{"type":"host-local","ipam":{"type":"host-local","subnet":"10.9.0.0/24"}}`,
	`{"type":"static","ipam":{"type":"static","addresses":[{"address":"10.9.0.5/24"}]}}`,
	`{"type":"static","ipam":{}}`,
	`{"type":"dhcp","ipam":{"type":"dhcp"}}`,
	`{"type":"cilium-cni"}`,
	`{"type":"terway"}`,
	`{"type":"nosuch"}`,
	`{"type":"Portmap","capabilities":{"portMappings":true}}`,
	`{"type":"../portmap"}`,
}

// Sysctls whose fate is the same on all kernels that Terway runs on.
var (
	goodSysctls = []string{
		"net.core.somaxconn", "net/core/somaxconn", "/net/core/somaxconn", "net.ipv4.ip_forward", "net.ipv4.conf.IFNAME.arp_filter", "net.ipv4.conf.all.rp_filter",
		"net.ipv4.ip_local_port_range", "net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6", "net.ipv6.conf.lo.disable_ipv6", "net.ipv6.conf.eth0.accept_ra", "net.ipv4.tcp_syncookies",
	}
	badSysctls = []string{
		"net.core.rmem_max", "net.core.netdev_budget", "net.netfilter.nf_conntrack_max", "net.ipv4.tcp_mem", "net.core.somaxcon", "net.core", "net", "net.", "", "kernel.shmmax", "Net.core.somaxconn",
		"/proc/sys/net/core/somaxconn", "net.ipv4.conf.eth0.100.arp_filter", "net.ipv4.conf.eth1.arp_filter", "net.ipv4.conf.ifname.arp_filter", " net.core.somaxconn", "net.core.somaxconn ", "net.nosuch.key",
	}
)
