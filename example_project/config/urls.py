from desk.views import DeskDashboard
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

login = auth.LoginView.as_view(
    redirect_authenticated_user=True, extra_context={"demo": settings.DEBUG}
)

urlpatterns = [
    path("login/", login, name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("favicon.ico", RedirectView.as_view(url=static("desk/favicon.svg"))),
    path("admin/", admin.site.urls),
    path("api/", include("desk.api")),
    path("dashboard/", DeskDashboard.as_view()),
    path("", include("django_sla.urls")),
    path("", include("desk.urls")),
]
