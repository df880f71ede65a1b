/// Stacks as Debian has them, in short.
enum DebianStacks {
    static let commonAuth = """
        auth [success=1 default=ignore] pam_unix.so nullok
        auth requisite pam_deny.so
        auth required pam_permit.so

        """
    static let sudo = """
        #%PAM-1.0
        session    required   pam_limits.so

        @include common-auth
        @include common-account

        """
    static let all = [
        "common-auth": commonAuth, "common-account": "account required pam_unix.so\n", "sudo": sudo, "sudo-i": sudo,
        "su": "auth sufficient pam_rootok.so\n@include common-auth\n@include common-account\n",
        "su-l": "auth include su\naccount include su\n",
        "login": "auth requisite pam_nologin.so\n@include common-auth\nauth optional pam_group.so\n",
        "sshd": "@include common-auth\naccount required pam_nologin.so\n",
    ]
}
