// SPDX-License-Identifier: Apache-2.0

package conformance

import "github.com/chainlint/chainlint/pkg/terway"

// The vendor's examples, letter by letter. They hold no eni_conf: a cluster has it already.
const (
	vendorPrivate = `{
  "plugins": [
    {
      "cniVersion": "0.4.0",
      "name": "terway",
      "type": "terway",
      "capabilities": {"bandwidth": true} 
    },
    {
      "type": "portmap",
      "capabilities": {"portMappings": true},
      "externalSetMarkChain":"KUBE-MARK-MASQ"
    }
  ]
}
`
	vendorPublic = `{
  "plugins": [
    {
      "cniVersion": "0.4.0",
      "name": "terway",
      "type": "terway",
      "symmetric_routing": true,
      "capabilities": {"bandwidth": true} 
    },
    {
      "type": "portmap",
      "capabilities": {"portMappings": true},
      "masqAll": false
    }
  ]
}
`
	vendorNoLinkLocal = `{
  "plugins": [
    {
      "cniVersion": "0.4.0",
      "name": "terway",
      "type": "terway",
      "capabilities": {"bandwidth": true}
    },
    {
      "type": "tuning",
      "sysctl": {
        "net.ipv6.conf.all.disable_ipv6": "1",
        "net.ipv6.conf.default.disable_ipv6": "1",
        "net.ipv6.conf.lo.disable_ipv6": "1"
      }
    }
  ]
}
`
	vendorConf = `{
  "cniVersion": "0.4.0",
  "name": "terway",
  "type": "terway",
  "capabilities": {"bandwidth": true}
}
`
)

// vendor is the data of one of the vendor's examples.
func vendor(conflist string) func(*Setup) {
	return func(s *Setup) {
		s.Data, s.Partial = map[string]string{terway.ConfKey: vendorConf, terway.ConflistName: conflist}, true
	}
}
