/// What a line of PAM is for (pam.d(5), "type").
package enum ManagementGroup: String, CaseIterable, Sendable {
    case auth
    case account
    case password
    case session
}
