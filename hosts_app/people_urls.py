from django.urls import path

from hosts_app import people_profile, people_views

app_name = "people"
urlpatterns = [
    path("users/", people_views.user_list, name="list"),
    path("users/new/", people_views.new_user, name="new"),
    path("users/<str:username>/", people_views.user_page, name="user"),
    path("users/<str:username>/roles/", people_views.set_roles, name="roles"),
    path("users/<str:username>/password/", people_views.set_password, name="password"),
    path("users/<str:username>/disable/", people_views.disable, name="disable"),
    path("users/<str:username>/enable/", people_views.enable, name="enable"),
    path("users/<str:username>/end-sessions/", people_views.end_sessions, name="end_sessions"),
    path("users/<str:username>/revoke-tokens/", people_views.revoke_tokens, name="revoke_tokens"),
    path("users/<str:username>/delete/", people_views.delete, name="delete"),
    path("profile/", people_profile.profile, name="profile"),
    path("profile/password/", people_profile.change_password, name="own_password"),
    path("profile/preferences/", people_profile.set_preferences, name="preferences"),
    path("profile/sessions/<int:pk>/end/", people_profile.end_session, name="end_session"),
    path("profile/sessions/end-others/", people_profile.end_other_sessions, name="end_others"),
    path("profile/tokens/", people_profile.new_token, name="new_token"),
    path("profile/tokens/<int:pk>/revoke/", people_profile.revoke_token, name="revoke_token"),
]
