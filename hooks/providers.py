"""What each CI provider calls things, for what the template says to people."""

PROVIDERS = {
    "github": {
        "name": "GitHub",
        "job": "workflow",
        "change": "pull request",
        "by_hand": "in the Actions tab",
        "owners": ".github/CODEOWNERS",
    },
    "gitlab": {
        "name": "GitLab",
        "job": "job",
        "change": "merge request",
        "by_hand": "with 'New pipeline'",
        "owners": ".gitlab/CODEOWNERS",
    },
    "jenkins": {
        "name": "Jenkins",
        "job": "job",
        "change": "pull request",
        "by_hand": "with 'Build with Parameters'",
        "owners": "",
    },
}
