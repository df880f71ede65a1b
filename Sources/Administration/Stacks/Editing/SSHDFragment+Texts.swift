extension SSHDFragment {
    /// packaging/sshd_config.d/twostep.conf, which is held against this by a test.
    static let withKeys = """
        # /etc/ssh/sshd_config.d/twostep.conf: a public key, then what PAM asks for.
        UsePAM yes
        PubkeyAuthentication yes
        PasswordAuthentication no
        KbdInteractiveAuthentication yes
        AuthenticationMethods publickey,keyboard-interactive:pam
        # To sshd a code counts as a password: for root, with "PermitRootLogin prohibit-password" (Debian's default), it hands
        # rubbish to PAM in place of what was typed. Where root is to log in with a key and a code:
        #PermitRootLogin yes

        """

    /// packaging/sshd_config.d/twostep-password.conf, likewise.
    static let withPasswords = """
        # /etc/ssh/sshd_config.d/twostep.conf for machines without keys: PAM asks for the password and for the code. Needs
        # pam.d/sshd-password as /etc/pam.d/sshd.
        #
        # Not "password,keyboard-interactive:pam": for sshd's password method the same stack runs once more, and every
        # question in it is answered with the password.
        UsePAM yes
        PasswordAuthentication no
        KbdInteractiveAuthentication yes
        AuthenticationMethods keyboard-interactive:pam

        """
}
