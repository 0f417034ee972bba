#ifndef TESTS_CONF_ACME_H
#define TESTS_CONF_ACME_H

/*
 * acme - a tenant's folder with something of everything.
 */

#include "conf/tenant.h"
#include "folder.h"

#define HASH_A                                                                 \
	"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define HASH_B                                                                 \
	"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

#define TENANT   "t/acme/tenant.yml"
#define SECURITY "t/acme/security.yml"
#define LOYALTY  "t/acme/server/passes/loyalty.yml"

static const char acme_tenant[] =
    "name: Acme\n"
    "url: https://wallet.acme.example/w/\n"
    "defaultPassType: loyalty\n"
    "languages: [en, fr]\n"
    "apple: { passTypeIdentifier: pass.com.acme.loyalty,\n"
    "         teamIdentifier: A1B2C3D4E5, certificate: secrets/pass.pem,\n"
    "         key: secrets/pass.key, wwdr: /etc/wwdr.pem,\n"
    "         p8: secrets/apns.p8, keyId: ABC123DEFG }\n"
    "google: { issuerId: \"3388000000012345678\",\n"
    "          serviceAccount: secrets/google.json,\n"
    "          origins: [https://acme.example] }\n"
    "push: { window: 3s }\n"
    "retention: { operations: 1d, events: 2d }\n";

static const char acme_security[] =
    "apiKeys:\n"
    "  - { name: crm, hash: \"sha256:" HASH_A "\",\n"
    "      permissions: [Pass.Read, Pass.Write] }\n"
    "  - { name: old, hash: \"sha256:" HASH_B "\", enabled: false }\n"
    "jwt:\n"
    "  issuers:\n"
    "    - { issuer: \"https://auth.acme.example/\", audience: passwright,\n"
    "        algorithms: [RS256, ES256], use: api,\n"
    "        jwksFile: secrets/jwks.json }\n"
    "    - { issuer: shop, audience: acme, algorithms: [HS256],\n"
    "        use: customers, secret: secrets/shop-jwt }\n"
    "    - { issuer: x, audience: acme, algorithms: [PS512],\n"
    "        use: api, jwksUrl: https://x.example/jwks }\n"
    "customerClaims: { email: email, sub: shop.id }\n"
    "hmacSecrets: [secrets/hmac]\n"
    "identifiers:\n"
    "  shopify.customerId: { hmacSecrets: [secrets/hmac, secrets/hmac2],\n"
    "                        secrets: [\"sha256:" HASH_B "\"] }\n"
    "allowUnsigned: [newsletter.id]\n"
    "requireScopeFor: [data, raw, connect]\n"
    "cors: { origins: [\"*\"] }\n"
    "limits: { anonymous: 5/s, tenant: 100/h }\n";

static const char acme_loyalty[] =
    "kind: giftCard\n"
    "uniqueIdentifiers: [shopify.customerId]\n"
    "layout: tickets\n"
    "callerData: [points]\n"
    "credentials:\n"
    "  apple: { passTypeIdentifier: pass.com.acme.gift,\n"
    "           certificate: secrets/gift.pem }\n"
    "metadata: { points: \"{{ .additionalData.points }}\" }\n"
    "card: { title: Acme }\n"
    "apple: { sharingProhibited: true }\n"
    "google: { class: {}, object: {} }\n";

static inline struct server
acme_write(struct folder *d)
{
	folder_write(d, TENANT, acme_tenant);
	folder_write(d, SECURITY, acme_security);
	folder_write(d, LOYALTY, acme_loyalty);
	folder_write(d, "t/acme/server/passes/loyalty/en.yml",
	    "terms: Be nice\nhello: Hello\n");
	folder_write(
	    d, "t/acme/server/passes/loyalty/fr.yml", "terms: Soyez\n");
	folder_write(d, "t/acme/server/passes/loyalty/icon.png", "PNG");
	folder_write(d, "t/acme/server/passes/coupon.yml", "kind: offer\n");
	folder_write(d, "t/acme/secrets/jwks.json", "{\"keys\": []}\n");
	folder_write(
	    d, "t/acme/secrets/shop-jwt", "0123456789abcdef0123456789abcdef\n");
	folder_write(d, "t/acme/secrets/hmac", "first\n\n");
	folder_write(d, "t/acme/secrets/hmac2", "second");
	return (struct server){ .tenants = folder_path(d, "t") };
}

#endif
