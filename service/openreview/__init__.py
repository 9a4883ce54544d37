"""The surface of OpenReview's expertise service and matcher, answered from uploaded archives.

Requests name groups, invitations and venue ids instead of holding data. What those ids mean comes from files of
OpenReview that were uploaded to a venue of ours; nothing is fetched from anywhere.
"""
